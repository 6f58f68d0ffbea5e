	incbin "not there.bin"
