#pragma once
// fcgiapp.h only: fcgi_stdio.h redefines printf and its relatives.
#include <fcgiapp.h>
