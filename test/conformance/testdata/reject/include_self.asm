%include "include_self.asm"
