segment x
times 0x10000 db 1
segment y
times 0x10001 db 1
segment z use32
times 0x10000 db 1
