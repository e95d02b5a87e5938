#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <asio/posix/stream_descriptor.hpp>
#include <deque>
#include <map>
#include <utility>

#include "gateway/dbus/connection.hpp"

// Private to this folder. What is different in sdbus-c++ 2.x: the factory functions' names, strong
// types for names and paths, one vtable an object instead of register…(), optional<Error> in reply
// handlers, return_slot for addMatch, and an event descriptor in PollData to be watched as well.
// All of it is used in connection.cpp and exported.cpp alone.

namespace vitalgate::dbus {

/// Owns everything that refers to the sdbus connection, so that all of it ends before that one
/// does. Nothing given to the library calls a user's handler: it queues the work, and the pump runs
/// it after the library has returned. Shared, because queued work must find it alive.
class Connection::Impl : public std::enable_shared_from_this<Impl> {
  public:
    /// At once, each way; above it ErrorKind::full and LimitsExceeded. The bus allows 128.
    static constexpr std::size_t kMaxCalls = 100;
    /// Then others on the loop get their turn.
    static constexpr int kMessagesPerTurn = 64;

    Impl(std::unique_ptr<sdbus::IConnection> bus, Clock& clock, Log log);

    void start() { schedule(); }
    void close(const Error& why);
    void setLost(std::function<void()> handler) { lost_ = std::move(handler); }
    [[nodiscard]] Clock& clock() const { return clock_; }
    [[nodiscard]] bool isOpen() const { return bus_ != nullptr; }
    [[nodiscard]] std::string uniqueName() const;

    void call(const Request& request, Duration limit, std::function<void(Reply)> handler);

    Result<Match> match(const std::string& rule, std::function<void(const Signal&)> handler);
    void unmatch(std::uint64_t id);

    Result<std::unique_ptr<ExportedObject>> exportObject(const std::string& path,
                                                         std::vector<Interface> interfaces);
    [[nodiscard]] sdbus::IObject* object(std::uint64_t id);
    void unexport(std::uint64_t id);
    Status addObjectManager(const std::string& path);

    /// Takes a method call in: `handler` runs with it from the loop.
    void receive(const std::shared_ptr<const std::function<void(Call)>>& handler,
                 const std::string& method, sdbus::MethodCall message);
    void answer(std::uint64_t call, const Values& values);
    void refuse(std::uint64_t call, const RemoteError& error);

    /// Runs `work` and logs what it throws.
    void guard(std::string_view what, const std::function<void()>& work) const;
    /// Something went out: the library may have to be asked what it waits for.
    void schedule();

  private:
    struct Pending {
        std::unique_ptr<sdbus::IProxy> proxy;
        Timer timer;
        std::function<void(Reply)> handler;
    };
    struct Subscription {
        sdbus::Slot slot;
        std::shared_ptr<const std::function<void(const Signal&)>> handler;
    };

    void enqueue(std::string_view what, std::function<void()> work);
    void runQueue();
    void pump();
    bool process();
    void watch();
    void wait(asio::posix::stream_descriptor::wait_type type, bool& waiting);
    void lose(const std::string& why);
    void send(std::uint64_t id, const Request& request);
    void finish(std::uint64_t id, Reply reply);
    void finishAll(const Error& why);
    void onReply(std::uint64_t id, sdbus::MethodReply& reply, const sdbus::Error* error);
    void onSignal(std::uint64_t id, sdbus::Message& message);
    std::optional<sdbus::MethodCall> takeCall(std::uint64_t id);

    Clock& clock_;
    Log log_;
    std::function<void()> lost_;
    std::unique_ptr<sdbus::IConnection> bus_;
    asio::posix::stream_descriptor socket_;
    bool readWaits_ = false;
    bool writeWaits_ = false;
    bool scheduled_ = false;
    Timer timer_;
    std::uint64_t lastId_ = 0;
    std::map<std::uint64_t, Pending> pending_;
    std::map<std::uint64_t, sdbus::MethodCall> calls_;
    std::map<std::uint64_t, Subscription> matches_;
    std::map<std::uint64_t, std::unique_ptr<sdbus::IObject>> objects_;
    std::deque<std::pair<std::string_view, std::function<void()>>> queue_;
};

}  // namespace vitalgate::dbus
