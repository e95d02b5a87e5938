#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/ip/tcp.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "gateway/uplink/loop_outlet.hpp"

namespace vitalgate::uplink {

/// Looks names up without blocking the loop. The system's resolver cannot be interrupted and Asio's
/// asks it for one name after the other; here each name has a thread of its own while it is looked
/// up, so that one without an answer holds up no other. Who asks for a name that is being looked up
/// waits for that answer: there are never more threads than names. On the loop; made by
/// std::make_shared.
class NameResolver : public std::enable_shared_from_this<NameResolver> {
  public:
    using Addresses = std::vector<asio::ip::address>;
    using Found = std::function<void(const std::error_code& error, const Addresses& addresses)>;
    /// Blocks as long as it likes; called on a thread of its own.
    using LookUp = std::function<Addresses(const std::string& host, std::error_code& error)>;

    /// `lookUp`: how to find a name; empty: the system's way.
    explicit NameResolver(asio::any_io_executor loop, LookUp lookUp = nullptr);
    /// Returns at once; a thread that still waits ends by itself.
    ~NameResolver();
    NameResolver(const NameResolver&) = delete;
    NameResolver& operator=(const NameResolver&) = delete;

    /// `found` comes later from the loop, or never; not if `owner` is gone by then. An address in
    /// figures is its own answer.
    void resolve(const std::string& host, const std::shared_ptr<void>& owner, Found found);

  private:
    struct Waiter {
        std::weak_ptr<void> owner;
        Found found;
    };

    void begin(const std::string& host);
    void answer(const std::string& host, const std::error_code& error, const Addresses& addresses);

    asio::any_io_executor loop_;
    LookUp lookUp_;
    std::map<std::string, std::vector<Waiter>> waiting_;  ///< by name, while it is looked up
    std::shared_ptr<LoopOutlet<NameResolver>> outlet_;
};

}  // namespace vitalgate::uplink
