; Integer logarithms as functions: e (error if no power of two), f (rounded down),
; c (rounded up), w (like e, but only a warning).

%define __?USE_IFUNC?__
%define ilog2(x) (__?ilog2e?__(x))
%define ilog2e(x) (__?ilog2e?__(x))
%define ilog2w(x) (__?ilog2w?__(x))
%define ilog2f(x) (__?ilog2f?__(x))
%define ilog2c(x) (__?ilog2c?__(x))
