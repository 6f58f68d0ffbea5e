%include "not there.inc"
