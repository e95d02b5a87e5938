#pragma once

#include <string>
#include <vector>

#include "gateway/base/error.hpp"
#include "gateway/runtime/log.hpp"

namespace vitalgate::store {

/// From now on the file at `path` counts as damaged: the next start salvages it. For damage that
/// shows only while the file is in use.
void markDamaged(const std::string& path);
[[nodiscard]] bool isMarkedDamaged(const std::string& path);
/// For a new file.
void forgetMark(const std::string& path);

/// Where the new store with all that was salvaged stands until it takes the place of the damaged
/// one. What has this name is whole.
std::string salvagedPathOf(const std::string& path);

/// The damaged stores that are kept beside the one at `path`, oldest first.
std::vector<std::string> damagedFiles(const std::string& path);
/// Removes the oldest of them until two are kept. `newest`, if given, stays whatever its date: the
/// clock may have been wrong.
void limitDamagedFiles(const std::string& path, const std::string& newest, const Log& log);
/// To make room: removes the oldest of them but for the newest `keep`. False if there is none.
bool removeDamagedFile(const std::string& path, std::size_t keep, const Log& log);

/// If there is a salvaged store: moves the damaged one with its journal into the folder `damaged`
/// beside it (mode 0700; two are kept, the oldest goes) and gives the salvaged one its name. Cut
/// off at any point, it is finished by the next call. ErrorKind::unavailable.
Status takeSalvaged(const std::string& path, const Log& log);

}  // namespace vitalgate::store
