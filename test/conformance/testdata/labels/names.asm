; Every character that a name can have.
	bits 32
_under_score:	nop
with$dollar:	nop
with#hash:	nop
with@at:	nop
with~tilde:	nop
with.dot:	nop
with?mark:	nop
?question:	nop
a1234567890:	nop
	dd _under_score, with$dollar, with#hash, with@at
	dd with~tilde, with.dot, with?mark, ?question, a1234567890
very_long_name_that_goes_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_still_is_one_name: nop
	nop
	dd very_long_name_that_goes_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_still_is_one_name
	dd very_long_name_that_goes_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_still_is_one_name.again
.again:	nop
	dd ?question
