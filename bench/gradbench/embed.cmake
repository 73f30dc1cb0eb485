# Writes OUTPUT, a C++ source with the texts of INPUTS by their names: cmake -DINPUTS=… -DOUTPUT=… -P embed.cmake
set(rows "")
foreach(input ${INPUTS})
  file(READ ${input} text)
  get_filename_component(name ${input} NAME_WE)
  string(APPEND rows "  if (name == \"${name}\") return R\"program(${text})program\";\n")
endforeach()
file(WRITE ${OUTPUT}.new "#include \"bench/gradbench/programs.h\"\n\nnamespace rg::gradbench {\n\nstd::string_view source_of(std::string_view name) {\n${rows}  return {};\n}\n\n}  // namespace rg::gradbench\n")
file(COPY_FILE ${OUTPUT}.new ${OUTPUT} ONLY_IF_DIFFERENT)
