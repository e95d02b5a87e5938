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

}  // namespace

NameResolver::NameResolver(asio::any_io_executor loop, LookUp lookUp)
    : loop_(std::move(loop)), lookUp_(lookUp ? std::move(lookUp) : systemLookUp) {}

NameResolver::~NameResolver() {
    if (outlet_) outlet_->close();
}

void NameResolver::resolve(const std::string& host, const std::shared_ptr<void>& owner,
                           Found found) {
    std::error_code notInFigures;
    const auto address = asio::ip::make_address(host, notInFigures);
    if (!notInFigures) {
        asio::post(loop_, [owner = std::weak_ptr(owner), address, found = std::move(found)] {
            if (!owner.expired()) found({}, {address});
        });
        return;
    }
    const auto [place, isNew] = waiting_.try_emplace(host);
    std::erase_if(place->second, [](const Waiter& waiter) { return waiter.owner.expired(); });
    place->second.push_back({owner, std::move(found)});
    if (isNew) begin(host);
}

void NameResolver::begin(const std::string& host) {
    if (!outlet_) outlet_ = std::make_shared<LoopOutlet<NameResolver>>(loop_, weak_from_this());
    const auto work = [outlet = outlet_, lookUp = lookUp_, host] {
        std::error_code error;
        const auto addresses = lookUp(host, error);
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
    auto waiting = waiting_.extract(host);
    if (waiting.empty()) return;
    for (const auto& waiter : waiting.mapped()) {
        if (const auto alive = waiter.owner.lock()) waiter.found(error, addresses);
    }
}

}  // namespace vitalgate::uplink
