target linux/386, linux/amd64
entry _start
image tag "hello", 'hello:1.0'
image env "A=1" "B=2"
image cmd "a"
image entrypoint "/hello"
image label "a=b"
image workdir "/"
image user "1000"
image path "/hello"
_start: sys write, 1, msg, msg.len
sys exit, eax
sys pause
sys times
SYS Read, dword [eax], ebx,
times 2 sys getpid
entry: nop
entry equ 5
sys: nop
sys equ 5
image db 1
image: nop
