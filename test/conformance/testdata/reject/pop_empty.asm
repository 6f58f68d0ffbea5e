%pop
