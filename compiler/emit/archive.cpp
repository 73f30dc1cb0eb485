// Static libraries: an object and the members of the runtime's archive in one file.
#include <llvm/ADT/SmallString.h>
#include <llvm/Object/Archive.h>
#include <llvm/Object/ArchiveWriter.h>
#include <llvm/Support/MemoryBuffer.h>

#include "compiler/emit/emit.h"
#include "compiler/support/diagnostic.h"

namespace rg::emit {

Result<std::string> library(const std::string& object, const std::string& object_name, const std::string& runtime) {
  std::vector<llvm::NewArchiveMember> members;
  members.emplace_back(llvm::MemoryBufferRef(object, object_name));
  auto archive = llvm::object::Archive::create(llvm::MemoryBufferRef(runtime, "the runtime's library"));
  if (!archive) {
    llvm::consumeError(archive.takeError());
    return Failure{"the runtime's library is malformed", Code::runtime_missing};
  }
  llvm::Error error = llvm::Error::success();
  for (const llvm::object::Archive::Child& child : (*archive)->children(error)) {
    auto member = llvm::NewArchiveMember::getOldMember(child, /*Deterministic=*/true);
    if (!member) {
      llvm::consumeError(member.takeError());
      llvm::consumeError(std::move(error));
      return Failure{"the runtime's library is malformed", Code::runtime_missing};
    }
    members.push_back(std::move(*member));
  }
  if (error) {
    llvm::consumeError(std::move(error));
    return Failure{"the runtime's library is malformed", Code::runtime_missing};
  }
  auto out = llvm::writeArchiveToBuffer(members, llvm::SymtabWritingMode::NormalSymtab, llvm::object::Archive::K_GNU,
                                        /*Deterministic=*/true, /*Thin=*/false);
  if (!out) {
    llvm::consumeError(out.takeError());
    return Failure{"the library cannot be written"};
  }
  return std::string((*out)->getBuffer());
}

}  // namespace rg::emit
