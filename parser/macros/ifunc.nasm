; Integer logarithms as functions: e (error if no power of two), f (rounded down),
; c (rounded up), w (like e, but only a warning).

%define __?USE_IFUNC?__
%idefine ilog2(x) (__?ilog2e?__(x))
%idefine ilog2e(x) (__?ilog2e?__(x))
%idefine ilog2w(x) (__?ilog2w?__(x))
%idefine ilog2f(x) (__?ilog2f?__(x))
%idefine ilog2c(x) (__?ilog2c?__(x))
