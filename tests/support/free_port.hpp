#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <cstdint>

namespace vitalgate::testing {

/// A port of 127.0.0.1 on which nobody listens at this moment.
inline std::uint16_t freePort() {
    asio::io_context loop;
    asio::ip::tcp::acceptor acceptor(loop, {asio::ip::make_address("127.0.0.1"), 0});
    return acceptor.local_endpoint().port();
}

}  // namespace vitalgate::testing
