#include <stdio.h>

int main(void)
{
    puts("Hi IDBS Engineering! RE");
    return 0;
}
