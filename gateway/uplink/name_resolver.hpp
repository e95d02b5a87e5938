#pragma once

#include <asio/ip/tcp.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "gateway/runtime/clock.hpp"
#include "gateway/uplink/loop_outlet.hpp"

namespace vitalgate::uplink {

/// Looks names up without blocking the loop. The system's resolver cannot be interrupted and Asio's
/// asks it for one name after the other; here each name has a thread of its own while it is looked
/// up, so that one without an answer holds up no other. Who asks for a name that is being looked up
/// waits for that answer. A look-up that does not come back holds up its name for kPatience; then
/// the next who asks has it looked up anew, and the first answer is everybody's. On the loop; made
/// by std::make_shared.
class NameResolver : public std::enable_shared_from_this<NameResolver> {
  public:
    using Addresses = std::vector<asio::ip::address>;
    using Found = std::function<void(const std::error_code& error, const Addresses& addresses)>;
    /// Blocks as long as it likes; called on a thread of its own.
    using LookUp = std::function<Addresses(const std::string& host, std::error_code& error)>;

    /// After this time an answer is no longer counted upon.
    static constexpr Duration kPatience = std::chrono::minutes{2};
    /// Threads for one name. With so many that do not come back the name is not asked for again.
    static constexpr std::size_t kMaximumLookUps = 3;

    /// `lookUp`: how to find a name; empty: the system's way. The clock must outlive it.
    explicit NameResolver(Clock& clock, LookUp lookUp = nullptr);
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

    struct Name {
        std::vector<Waiter> waiting;
        std::size_t lookUps = 0;          ///< threads that have not come back
        std::optional<SteadyTime> begun;  ///< the latest that an answer is expected of
    };

    [[nodiscard]] bool mayBegin(const Name& name) const;
    void begin(const std::string& host);
    void answer(const std::string& host, const std::error_code& error, const Addresses& addresses);

    Clock& clock_;
    LookUp lookUp_;
    std::map<std::string, Name> names_;  ///< while they are looked up
    std::shared_ptr<LoopOutlet<NameResolver>> outlet_;
};

}  // namespace vitalgate::uplink
