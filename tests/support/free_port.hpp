#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>

#include "tests/support/poll_until.hpp"

namespace vitalgate::testing {

/// A port of 127.0.0.1 on which nobody listens at this moment.
inline std::uint16_t freePort() {
    asio::io_context loop;
    asio::ip::tcp::acceptor acceptor(loop, {asio::ip::make_address("127.0.0.1"), 0});
    return acceptor.local_endpoint().port();
}

/// False if nobody listens there within ten seconds. Makes one connection that says nothing.
inline bool waitUntilItListens(std::uint16_t port) {
    asio::io_context loop;
    const auto listens = [&] {
        asio::ip::tcp::socket socket(loop);
        std::error_code error;
        socket.connect({asio::ip::make_address("127.0.0.1"), port}, error);
        return !error;
    };
    return pollUntil(listens, std::chrono::seconds{10});
}

}  // namespace vitalgate::testing
