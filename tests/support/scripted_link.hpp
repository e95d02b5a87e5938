#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "adapters/session/gatt_link.hpp"
#include "gateway/runtime/answer.hpp"
#include "tests/support/virtual_clock.hpp"

namespace vitalgate::testing {

/// How the device answers one call. The default is at once, and well.
struct Reply {
    Duration late{0};
    bool missing = false;          ///< never: the call ends at its limit
    std::optional<Error> refusal;  ///< the answer is this error
    bool disconnects = false;      ///< instead of an answer the connection ends
    std::optional<Bytes> value;    ///< of a read, instead of the characteristic's

    static Reply after(Duration late);
    static Reply never();
    static Reply refused(ErrorKind kind, std::string message);
    static Reply disconnect();
    static Reply bytes(Bytes value);
};

/// A device that follows a script. Calls are named "discover", "read 2A29", "write 2A2B",
/// "subscribe 2A35", "pair", "disconnect"; each takes the next Reply that was put down for its
/// name, else the default. Values are sent by the test, or at a call.
class ScriptedLink final : public session::GattLink {
  public:
    explicit ScriptedLink(VirtualClock& clock) : clock_(clock), values_(kQueue) {}

    // The script.
    void addService(std::uint16_t uuid);
    /// Into the service added last. Properties are letters of "rwni".
    void addCharacteristic(std::uint16_t uuid, std::string_view properties, Bytes value = {});
    void on(const std::string& call, Reply reply) { replies_[call].push_back(std::move(reply)); }
    /// Arrives when that call is answered, before its answer.
    void sendAt(const std::string& call, std::uint16_t characteristic, std::string_view hex);
    /// What the device does once that characteristic was written; the write is answered after it.
    void whenWritten(std::uint16_t characteristic, std::function<void(const Bytes&)> does) {
        written_[Uuid(characteristic).shortText()] = std::move(does);
    }
    /// What a successful pairing makes of the link.
    void setSecurity(v1::Link now, v1::Link afterPairing);
    void setAdvertisedName(std::string name) { advertisedName_ = std::move(name); }

    // What happens while it runs.
    void send(std::uint16_t characteristic, std::string_view hex);
    std::uint64_t dropped = 0;  ///< values that came too fast
    void endLink() { close({ErrorKind::disconnected, "the device ended the connection"}); }

    // What was called, in order, with what was written: "write 2A2B ea07…".
    [[nodiscard]] const std::vector<std::string>& calls() const { return calls_; }
    [[nodiscard]] bool wasCalled(std::string_view beginning) const;
    [[nodiscard]] bool isConnected() const { return !end_; }

    asio::awaitable<Result<session::GattDatabase>> discover(std::vector<Uuid> expected,
                                                            Duration limit) override;
    asio::awaitable<Result<Bytes>> read(session::Characteristic characteristic,
                                        Duration limit) override;
    asio::awaitable<Status> write(session::Characteristic characteristic, Bytes value,
                                  Duration limit) override;
    asio::awaitable<Status> subscribe(session::Characteristic characteristic,
                                      Duration limit) override;
    asio::awaitable<Result<session::Value>> nextValue(Duration limit) override;
    [[nodiscard]] std::uint64_t droppedValues() const override { return dropped; }
    [[nodiscard]] std::size_t waitingValues() const override { return values_.size(); }
    void interrupt() override { values_.interrupt(); }
    asio::awaitable<Status> pair(Duration limit) override;
    asio::awaitable<Status> disconnect(Duration limit) override;
    void stop() override { close({ErrorKind::cancelled, "stopped"}); }
    [[nodiscard]] v1::Link security() const override { return security_; }
    [[nodiscard]] std::optional<int> rssiDbm() const override { return -61; }
    [[nodiscard]] std::string adapterName() const override { return "hci0"; }
    [[nodiscard]] std::string advertisedName() const override { return advertisedName_; }

  private:
    static constexpr std::size_t kQueue = 1024;

    /// Plays the next reply to a call; success carries what the reply says of a value.
    asio::awaitable<Result<std::optional<Bytes>>> play(std::string call, Duration limit);
    void answer(const std::string& call, const Reply& reply,
                const Answer<std::optional<Bytes>>& waiting);
    void close(Error why);

    struct Arrival {
        std::string call;
        std::uint16_t characteristic;
        std::string hex;
    };

    VirtualClock& clock_;
    session::GattDatabase database_;
    std::map<std::string, Bytes> contents_;  ///< by handle
    std::map<std::string, std::deque<Reply>> replies_;
    std::map<std::string, std::function<void(const Bytes&)>> written_;  ///< by characteristic
    std::vector<Arrival> arrivals_;
    Inbox<session::Value> values_;
    std::vector<std::string> calls_;
    std::optional<Answer<std::optional<Bytes>>> waiting_;
    Timer late_;
    std::optional<Error> end_;
    v1::Link security_ = v1::LINK_OPEN;
    v1::Link afterPairing_ = v1::LINK_ENCRYPTED;
    std::string advertisedName_;
};

}  // namespace vitalgate::testing
