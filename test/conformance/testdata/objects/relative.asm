; Addresses relative to the instruction pointer.
default rel
section .text
 mov eax,[x]
 mov eax,[x+4]
 lea rdi,[x-4]
 cmp byte [x],5
 mov dword [x],12345678
 imul eax,[x],100
 imul eax,[x],1000
 movzx eax, byte [x]
 mov [x], al
 mov al,[x]
 mov rax,[x]
 jmp [x]
 call [x]
 call [rel ext wrt ..got]
 push qword [x]
 mov rax,[abs x]
 mov eax,[fs:0]
 mov rax,[fs:x]
 mov rax,[gs:x]
 mov rax,[rel x]
 mov rcx,[x+rax]
 mov rcx,[x+rax*8+16]
 mov rcx,[rsp+x]
 add qword [x], 1
 test byte [x], 1
 shl dword [x], 4
 shld [x],eax,3
 bt dword [x],3
 cmovz eax,[x]
 xchg [x], eax
 lea rax,[$]
 lea rax,[$$]
 jz ext
 jmp near ext
section .data
x: dq 0, $, $$, x-$$, ext
extern ext
