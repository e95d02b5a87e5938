// Asio is compiled once, here; everybody else sees declarations only.
#include <asio/impl/src.hpp>
