// Asio is compiled once, here; everybody else sees declarations only. A standard header comes
// first: whether Asio allocates with aligned_alloc hangs on a macro of libstdc++, and must be the
// same everywhere.
#include <cstdlib>

#include <asio/impl/src.hpp>
