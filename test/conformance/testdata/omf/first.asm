b0: dw 5
 segment foo class=CODE
 dw 7
 segment bar
x: dw 8
 segment foo
 dw b0, x, seg b0, seg x, x wrt foo
 group g foo bar
