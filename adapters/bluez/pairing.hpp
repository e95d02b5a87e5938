#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "adapters/bluez/device_pairing.hpp"
#include "adapters/bluez/service.hpp"
#include "gateway/dbus/exported.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"

namespace vitalgate::bluez {

/// just-works: a device is paired with its passkey, or without one if none is configured. passkey:
/// only devices with a configured passkey are paired. never: no device is paired.
enum class PairingPolicy { justWorks, passkey, never };

/// BlueZ's pairing agent of this hub (org.bluez.Agent1, the default agent). It agrees only inside
/// an explicit window and only for the device of that window: to a pairing without a passkey if the
/// device has none, else by giving its passkey, once. A pairing that a device itself begins (an SMP
/// Security Request) is treated alike if `expects` says that its own demand would open the window:
/// then, for a device with a passkey, it does. Whatever else is asked is refused
/// with org.bluez.Error.Rejected and told to `refused`. A window is opened by BluezLink::pair(),
/// or by what a device begins; for that device, for at most `window`, and closed with the end of
/// the pairing. There is one at a time.
///
/// What BlueZ offers the device depends on the agent's capability, so prepare() registers it anew
/// when the window needs another one: KeyboardOnly with a passkey, NoInputNoOutput without. It
/// becomes the default again when the window is closed: Pair() asks the agent of its caller, and a
/// device served by the same BlueZ may need to be the default meanwhile.
class PairingAgent {
  public:
    /// Of each of the calls that registering anew takes.
    static constexpr Duration kRegisterLimit = std::chrono::seconds{5};
    /// After a registration that has failed, unless a pairing comes first.
    static constexpr Duration kRegisterAgain = std::chrono::seconds{30};

    PairingAgent(PairingPolicy policy, Duration window, Clock& clock, Log log,
                 std::function<void(const std::string& device)> refused,
                 std::function<std::optional<PasskeySource>(const std::string& device)> expects);

    /// Serves the agent and makes it BlueZ's default; again after each return of BlueZ. `service`
    /// must outlive it.
    void enter(Service& service);
    /// BlueZ is away: the window is closed, whoever waits for prepare() is told.
    void leave();

    /// `passkey` is asked when the device asks for it. ErrorKind::refused if the policy allows no
    /// pairing, ::notFound if it wants a passkey and there is none, ::unavailable while another
    /// device is being paired.
    [[nodiscard]] Status openWindow(const std::string& device, PasskeySource passkey);
    /// Gives the agent the capability that the open window needs. `ready` is called once, perhaps
    /// at once; with success as soon as another prepare() or offer() comes before it.
    void prepare(std::function<void(const Status&)> ready);

    /// Before a connection is made: what a device is offered that then asks for a bond by itself
    /// follows from the capability at this time. `ready` is called once, perhaps at once, whatever
    /// comes of it. While a window is open nothing is changed.
    void offer(bool passkey, std::function<void()> ready);

    /// What was asked of the agent inside a window.
    struct PasskeyUse {
        bool asked = false;
        bool given = false;
    };
    PasskeyUse closeWindow(const std::string& device);
    [[nodiscard]] bool isOpenFor(const std::string& device) const;
    /// How long the window is open yet; zero if none is.
    [[nodiscard]] Duration left() const;
    [[nodiscard]] PairingPolicy policy() const { return policy_; }
    /// Why the agent does not work; empty if it does.
    [[nodiscard]] const std::string& problem() const { return problem_; }

  private:
    enum class Capability { noInputNoOutput, keyboardOnly };
    /// What may be agreed to: RequestAuthorization is how BlueZ asks about pairing without a
    /// passkey.
    enum class Question { other, authorization, passkey };
    struct AgentMethod {
        const char* name;
        const char* in;
        const char* out;
        Question question;
    };
    static const std::array<AgentMethod, 7> kMethods;
    struct Window {
        std::string device;
        SteadyTime until;
        PasskeySource passkey;
        PasskeyUse use;
    };

    [[nodiscard]] dbus::Interface interface();
    void answer(const dbus::Call& call, Question question);
    [[nodiscard]] bool agreesTo(const std::string& device, Question question) const;
    void openByRequest(const std::string& device);
    void givePasskey(const dbus::Call& call);

    void step();
    void call(const char* method, dbus::Values arguments,
              void (PairingAgent::*then)(const dbus::Reply&));
    void onUnregistered(const dbus::Reply& reply);
    void onRegistered(const dbus::Reply& reply);
    void onDefault(const dbus::Reply& reply);
    void giveUp(const dbus::CallError& error);
    void finish(const Status& status);

    PairingPolicy policy_;
    Duration window_;
    Clock& clock_;
    Log log_;
    std::function<void(const std::string&)> refused_;
    std::function<std::optional<PasskeySource>(const std::string&)> expects_;
    std::unique_ptr<dbus::ExportedObject> object_;
    Service* service_ = nullptr;  ///< null while BlueZ is away
    std::string owner_;
    std::optional<Window> open_;

    Capability wanted_ = Capability::noInputNoOutput;
    Capability asked_ = Capability::noInputNoOutput;  ///< of the last RegisterAgent
    std::optional<Capability> registered_;
    bool isDefault_ = false;  ///< or has asked to be
    bool lingers_ = false;    ///< BlueZ may know it although it did not say so
    bool calls_ = false;      ///< one of the calls is under way
    int enters_ = 0;          ///< replies to an earlier BlueZ do not count
    std::function<void(const Status&)> ready_;
    std::string problem_;
    Timer again_;
};

}  // namespace vitalgate::bluez
