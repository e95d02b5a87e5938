#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <random>

#include "tests/support/poll_until.hpp"

namespace vitalgate::testing {

/// A port of 127.0.0.1 on which nobody listens at this moment, and that no connection gets: below
/// those that the kernel gives to clients (ip_local_port_range).
inline std::uint16_t freePort() {
    std::random_device chance;
    std::uniform_int_distribution<std::uint16_t> any(10000, 32767);
    asio::io_context loop;
    for (;;) {
        const auto port = any(chance);
        asio::ip::tcp::acceptor acceptor(loop, asio::ip::tcp::v4());
        std::error_code taken;
        acceptor.bind({asio::ip::make_address("127.0.0.1"), port}, taken);
        if (!taken) return port;
    }
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
