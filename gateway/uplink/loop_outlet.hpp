#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace vitalgate::uplink {

/// The way of foreign threads to an object on the loop. Once closed, nothing touches the loop any
/// more; what was on its way is dropped when the object is gone.
template <class T>
class LoopOutlet {
  public:
    LoopOutlet(asio::any_io_executor loop, std::weak_ptr<T> target)
        : loop_(std::move(loop)), target_(std::move(target)) {}

    /// From any thread: `call` runs on the loop if the object still exists then.
    void tell(std::function<void(T&)> call) {
        const std::lock_guard lock(mutex_);
        if (!open_) return;
        asio::post(loop_, [target = target_, call = std::move(call)] {
            if (const auto alive = target.lock()) call(*alive);
        });
    }

    void close() {
        const std::lock_guard lock(mutex_);
        open_ = false;
    }

  private:
    std::mutex mutex_;
    bool open_ = true;
    asio::any_io_executor loop_;
    std::weak_ptr<T> target_;
};

}  // namespace vitalgate::uplink
