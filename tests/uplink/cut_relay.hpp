#pragma once

#include <array>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>
#include <cstdint>
#include <memory>
#include <vector>

namespace vitalgate::uplink {

/// Stands between a client and a broker and cuts the line when told to, as a network does: neither
/// side says goodbye.
class CutRelay {
  public:
    CutRelay(asio::io_context& loop, std::uint16_t target)
        : loop_(loop), acceptor_(loop, {asio::ip::make_address("127.0.0.1"), 0}), target_(target) {
        accept();
    }
    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    [[nodiscard]] std::size_t connections() const { return pairs_.size(); }

    /// While closed, whoever comes is sent away at once.
    void setOpen(bool open) { open_ = open; }

    void cut() {
        for (auto& pair : pairs_) {
            std::error_code ignored;
            pair->client.close(ignored);
            pair->broker.close(ignored);
        }
    }

  private:
    struct Pair {
        explicit Pair(asio::io_context& loop) : client(loop), broker(loop) {}
        asio::ip::tcp::socket client;
        asio::ip::tcp::socket broker;
        std::array<char, 65536> up{};
        std::array<char, 65536> down{};
    };

    void accept() {
        acceptor_.async_accept([this](const std::error_code& error, asio::ip::tcp::socket socket) {
            if (error) return;
            if (!open_) {
                accept();
                return;
            }
            auto pair = std::make_shared<Pair>(loop_);
            pair->client = std::move(socket);
            std::error_code refused;
            pair->broker.connect({asio::ip::make_address("127.0.0.1"), target_}, refused);
            if (!refused) {
                pairs_.push_back(pair);
                pump(pair, pair->client, pair->broker, pair->up);
                pump(pair, pair->broker, pair->client, pair->down);
            }
            accept();
        });
    }

    static void pump(const std::shared_ptr<Pair>& pair, asio::ip::tcp::socket& from,
                     asio::ip::tcp::socket& to, std::array<char, 65536>& buffer) {
        from.async_read_some(
            asio::buffer(buffer),
            [pair, &from, &to, &buffer](const std::error_code& error, std::size_t count) {
                std::error_code ignored;
                if (!error) asio::write(to, asio::buffer(buffer.data(), count), ignored);
                if (!error && !ignored) {
                    pump(pair, from, to, buffer);
                } else {
                    from.close(ignored);
                    to.close(ignored);
                }
            });
    }

    asio::io_context& loop_;
    asio::ip::tcp::acceptor acceptor_;
    std::uint16_t target_;
    bool open_ = true;
    std::vector<std::shared_ptr<Pair>> pairs_;
};

}  // namespace vitalgate::uplink
