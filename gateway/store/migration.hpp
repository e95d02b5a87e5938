#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "gateway/base/error.hpp"
#include "gateway/runtime/log.hpp"
#include "gateway/store/database.hpp"

namespace vitalgate::store {

/// Brings a file of layout `from` to the one after it.
struct Migration {
    std::uint32_t from = 0;
    std::function<Status(Database&)> run;
};

/// The layout that a program reads and writes, and the way to it from every released one.
struct Layout {
    std::uint32_t version = 1;
    std::span<const Migration> migrations;  ///< one for each earlier layout
};

/// What this program has: layout 1, of which there is no earlier one.
Layout currentLayout();

/// The layout of an open file. Its journal counts, which the header of the file does not know of.
Result<std::uint32_t> versionOf(Database& database);

/// Brings an open file forward to `layout`. Each step is one transaction that also raises the
/// number of the layout: cut off or failed at any point, the file is wholly of one layout, and the
/// program that wrote it can use it. ErrorKind::refused for a file that is newer, or too old.
Status migrate(Database& database, const Layout& layout, const Log& log);

}  // namespace vitalgate::store
