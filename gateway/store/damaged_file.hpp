#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gateway/base/error.hpp"
#include "gateway/runtime/log.hpp"

namespace vitalgate::store {

/// From now on the file at `path` counts as damaged: the next start salvages it. For damage that
/// shows only while the file is in use.
Status markDamaged(const std::string& path);
[[nodiscard]] Result<bool> isMarkedDamaged(const std::string& path);
/// For a new file.
void forgetMark(const std::string& path);

/// Where the new store with all that was salvaged stands until it takes the place of the damaged
/// one. What has this name is whole.
std::string salvagedPathOf(const std::string& path);

/// The damaged stores that are kept beside the one at `path`, oldest first. ErrorKind::unavailable
/// if their folder cannot be read.
Result<std::vector<std::string>> damagedFiles(const std::string& path);
/// Whether one of them, by its path, may be removed.
using MayGo = std::function<bool(const std::string& file)>;
/// Removes the oldest of them that may go until two are kept.
void limitDamagedFiles(const std::string& path, const MayGo& mayGo, const Log& log);
/// To make room: removes the oldest of them that may go. False if there is none.
bool removeDamagedFile(const std::string& path, const MayGo& mayGo, const Log& log);

/// If there is a salvaged store: moves the damaged one with its journal into the folder `damaged`
/// beside it (mode 0700) and gives the salvaged one its name. Cut off at any point, it is finished
/// by the next call. Gives the path of the damaged one; empty if there was nothing to do.
/// ErrorKind::full if there is no room for a name, unavailable if it fails otherwise.
Result<std::string> takeSalvaged(const std::string& path, const Log& log);

}  // namespace vitalgate::store
