%error stop here
