#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vitalgate::store::testing {

/// A page without children, and the highest row that it can have (of table `seen`: no number).
struct LeafPage {
    std::uint32_t number;
    std::uint64_t last;
};

/// The leaf pages of a table in the closed store file at `path`, in their order, but for the last
/// one. The table must be large enough for two levels of pages, and small enough for no third.
std::vector<LeafPage> leavesOf(const std::string& table, const std::string& path);

/// The pages of `to` get what those of `from` hold, as if the card showed what stood there once.
void fallBack(const std::string& path, const std::vector<LeafPage>& from,
              const std::vector<LeafPage>& to);

}  // namespace vitalgate::store::testing
