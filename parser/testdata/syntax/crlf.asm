nop
mov eax, \
 1
  ret ; with CR
