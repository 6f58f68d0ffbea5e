; A minus sign before a character constant.
	db -'a'
