#pragma once

#include <cstdint>
#include <random>
#include <span>

#include "gateway/base/time.hpp"

namespace vitalgate {

/// The only source of chance.
class Random {
  public:
    virtual ~Random() = default;
    virtual void fill(std::span<std::uint8_t> bytes) = 0;

    std::uint64_t next();
    /// Evenly from 0 to below `limit`; zero if the limit is not above zero. For jitter.
    Duration below(Duration limit);
};

/// The kernel's generator (getrandom); good for keys and identifiers.
class SystemRandom final : public Random {
  public:
    /// Ends the process if the kernel gives nothing: no identifier may be predictable.
    void fill(std::span<std::uint8_t> bytes) override;
};

/// The same sequence for the same seed, on every machine: for tests and simulations only.
class SeededRandom final : public Random {
  public:
    explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
    void fill(std::span<std::uint8_t> bytes) override;

  private:
    std::mt19937_64 engine_;
};

}  // namespace vitalgate
