segment x
x1: dq x1
