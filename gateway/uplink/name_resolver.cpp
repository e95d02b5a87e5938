#include "gateway/uplink/name_resolver.hpp"

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <thread>
#include <utility>

namespace vitalgate::uplink {
namespace {

NameResolver::Addresses systemLookUp(const std::string& host, std::error_code& error) {
    asio::io_context context;
    asio::ip::tcp::resolver resolver(context);
    NameResolver::Addresses addresses;
    for (const auto& entry : resolver.resolve(host, "", error)) {
        addresses.push_back(entry.endpoint().address());
    }
    if (!error && addresses.empty()) error = asio::error::host_not_found;
    return addresses;
}

/// A thread must not end in an exception: that would end the process.
NameResolver::Addresses guarded(const NameResolver::LookUp& lookUp, const std::string& host,
                                std::error_code& error) {
    try {
        return lookUp(host, error);
    } catch (const std::system_error& thrown) {
        error = thrown.code();
    } catch (...) {
        error = asio::error::no_recovery;
    }
    return {};
}

}  // namespace

NameResolver::NameResolver(Clock& clock, LookUp lookUp)
    : clock_(clock), lookUp_(lookUp ? std::move(lookUp) : systemLookUp) {}

NameResolver::~NameResolver() {
    if (outlet_) outlet_->close();
}

void NameResolver::resolve(const std::string& host, const std::shared_ptr<void>& owner,
                           Found found) {
    std::error_code notInFigures;
    const auto address = asio::ip::make_address(host, notInFigures);
    if (!notInFigures) {
        asio::post(clock_.loop(),
                   [owner = std::weak_ptr(owner), address, found = std::move(found)] {
                       if (!owner.expired()) found({}, {address});
                   });
        return;
    }
    auto& name = names_[host];
    std::erase_if(name.waiting, [](const Waiter& waiter) { return waiter.owner.expired(); });
    name.waiting.push_back({owner, std::move(found)});
    if (mayBegin(name)) begin(host);
}

bool NameResolver::mayBegin(const Name& name) const {
    if (name.lookUps >= kMaximumLookUps) return false;
    return !name.begun || clock_.steady() - *name.begun >= kPatience;
}

void NameResolver::begin(const std::string& host) {
    auto& name = names_[host];
    ++name.lookUps;
    name.begun = clock_.steady();
    if (!outlet_) {
        outlet_ = std::make_shared<LoopOutlet<NameResolver>>(clock_.loop(), weak_from_this());
    }
    const auto work = [outlet = outlet_, lookUp = lookUp_, host] {
        std::error_code error;
        const auto addresses = guarded(lookUp, host, error);
        outlet->tell([host, error, addresses](NameResolver& resolver) {
            resolver.answer(host, error, addresses);
        });
    };
    try {
        // Detached: nothing in this process waits for the system's resolver without a limit.
        std::thread(work).detach();
    } catch (const std::system_error& error) {
        outlet_->tell([host, code = error.code()](NameResolver& resolver) {
            resolver.answer(host, code, {});
        });
    }
}

void NameResolver::answer(const std::string& host, const std::error_code& error,
                          const Addresses& addresses) {
    auto& name = names_[host];
    const auto waiting = std::exchange(name.waiting, {});
    name.begun.reset();
    if (--name.lookUps == 0) names_.erase(host);
    for (const auto& waiter : waiting) {
        if (const auto alive = waiter.owner.lock()) waiter.found(error, addresses);
    }
}

}  // namespace vitalgate::uplink
