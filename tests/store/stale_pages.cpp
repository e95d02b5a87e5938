#include "tests/store/stale_pages.hpp"

#include "tests/store/raw_sqlite.hpp"
#include "tests/support/temp_dir.hpp"

namespace vitalgate::store::testing {

namespace {

using vitalgate::testing::readFile;
using vitalgate::testing::writeFile;

constexpr std::size_t kPageBytes = 4096;

std::uint32_t number(const std::string& content, std::size_t at, std::size_t octets) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < octets; ++i) {
        value = value << 8U | static_cast<std::uint8_t>(content.at(at + i));
    }
    return value;
}

std::uint64_t variableNumber(const std::string& content, std::size_t at) {
    std::uint64_t value = 0;
    for (;; ++at) {
        const auto octet = static_cast<std::uint8_t>(content.at(at));
        value = value << 7U | (octet & 0x7fU);
        if (octet < 0x80) return value;
    }
}

}  // namespace

std::vector<LeafPage> leavesOf(const std::string& table, const std::string& path) {
    const auto sql = "SELECT rootpage FROM sqlite_master WHERE name = '" + table + "'";
    const auto root = std::stoul(raw(path, sql));
    const auto content = readFile(path);
    const auto page = (root - 1) * kPageBytes;
    const auto kind = number(content, page, 1);
    REQUIRE((kind == 5 || kind == 2));  // interior pages
    std::vector<LeafPage> leaves;
    for (std::size_t cell = 0; cell < number(content, page + 3, 2); ++cell) {
        const auto at = page + number(content, page + 12 + 2 * cell, 2);
        leaves.push_back({number(content, at, 4), variableNumber(content, at + 4)});
        REQUIRE(number(content, (leaves.back().number - 1) * kPageBytes, 1) == kind + 8);  // a leaf
    }
    return leaves;
}

void fallBack(const std::string& path, const std::vector<LeafPage>& from,
              const std::vector<LeafPage>& to) {
    auto content = readFile(path);
    for (std::size_t i = 0; i < to.size(); ++i) {
        const auto old = content.substr((from.at(i).number - 1) * kPageBytes, kPageBytes);
        content.replace((to[i].number - 1) * kPageBytes, kPageBytes, old);
    }
    writeFile(path, content);
}

}  // namespace vitalgate::store::testing
