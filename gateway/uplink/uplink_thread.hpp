#pragma once

#include <functional>
#include <memory>

#include "gateway/base/time.hpp"
#include "gateway/uplink/tls_verifier.hpp"

namespace vitalgate::uplink {

/// The one thread of a process that calls the MQTT library, construction and destruction of its
/// objects included: the library blocks in places, holds a process-wide lock while a name is
/// resolved, and takes its time to end a connection.
class UplinkThread {
  public:
    UplinkThread();
    /// Returns at once: what was posted is still done, then the thread ends by itself. A process
    /// that leaves while it works must leave with std::_Exit (see finish()).
    ~UplinkThread();
    UplinkThread(const UplinkThread&) = delete;
    UplinkThread& operator=(const UplinkThread&) = delete;

    /// Jobs run in order. After finish() they are dropped. From any thread.
    void post(std::function<void()> job);

    /// Does what was posted and ends the thread. False if that takes longer than `limit`: the
    /// process must then leave with std::_Exit, because the library's threads still run.
    [[nodiscard]] bool finish(Duration limit);

    /// To be used by jobs only; it lives until the last job is done.
    [[nodiscard]] TlsVerifier& tls();

  private:
    struct State;
    static void run(const std::shared_ptr<State>& state);

    std::shared_ptr<State> state_;
};

}  // namespace vitalgate::uplink
