section .data
x: dd 1
global x:data (y-x)
y: global z:function
z: dd 1
