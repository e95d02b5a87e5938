#include "gateway/host/process.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace vitalgate::host {

Status protectProcess() {
    umask(0077);
    const rlimit none{0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0) {
        return fail(ErrorKind::internal, "core file limit: {}", std::strerror(errno));
    }
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return fail(ErrorKind::internal, "PR_SET_DUMPABLE: {}", std::strerror(errno));
    }
    return {};
}

}  // namespace vitalgate::host
