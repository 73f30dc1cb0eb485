# Writes OUTPUT, a C++ source with the text of INPUT: cmake -DINPUT=… -DOUTPUT=… -P embed.cmake
file(READ ${INPUT} text)
file(WRITE ${OUTPUT}.new "#include \"dsl/prelude/prelude.h\"\n\nnamespace rg::dsl {\n\nstd::string_view prelude_text() {\n  return R\"prelude(${text})prelude\";\n}\n\n}  // namespace rg::dsl\n")
file(COPY_FILE ${OUTPUT}.new ${OUTPUT} ONLY_IF_DIFFERENT)
