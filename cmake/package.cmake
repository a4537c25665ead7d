# What an installation consists of (`make install`), and Debian's package of it (`make package`).
include(GNUInstallDirs)

# Written by the program itself: pages and completion of every command that it has.
set(GENERATED ${PROJECT_BINARY_DIR}/generated)
set(COMPLETIONS ${GENERATED}/completion)
add_custom_command(OUTPUT ${GENERATED}/done
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${GENERATED}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${COMPLETIONS}
  COMMAND dbrefresh man --into ${GENERATED}/man
  COMMAND gzip -9nr ${GENERATED}/man
  COMMAND dbrefresh completion bash >${COMPLETIONS}/dbrefresh
  COMMAND dbrefresh completion zsh >${COMPLETIONS}/_dbrefresh
  COMMAND dbrefresh completion fish >${COMPLETIONS}/dbrefresh.fish
  COMMAND ${CMAKE_COMMAND} -E touch ${GENERATED}/done
  DEPENDS dbrefresh)
add_custom_target(manual DEPENDS ${GENERATED}/done)

set(DATA ${CMAKE_INSTALL_DATADIR}/dbrefresh)
set(DOC ${CMAKE_INSTALL_DATADIR}/doc/dbrefresh)
install(TARGETS dbrefresh)
install(DIRECTORY packaging/systemd/ DESTINATION lib/systemd/system)
install(DIRECTORY ${GENERATED}/man/ DESTINATION ${CMAKE_INSTALL_DATADIR}/man/man1)
install(FILES ${COMPLETIONS}/dbrefresh DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${COMPLETIONS}/dbrefresh.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
# zsh of Debian reads the first of them in /usr, the second in /usr/local.
install(FILES ${COMPLETIONS}/_dbrefresh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${COMPLETIONS}/_dbrefresh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
# What `dbrefresh deploy` makes a stack of; the function for Graviton where it was made (`make lambda-arm64`).
install(FILES packaging/rds-ca.pem DESTINATION ${DATA})
install(DIRECTORY deploy/ DESTINATION ${DATA}/deploy FILES_MATCHING PATTERN *.template)
install(DIRECTORY ${PROJECT_BINARY_DIR}/lambda/ DESTINATION ${DATA}/lambda FILES_MATCHING PATTERN *.zip)
install(DIRECTORY examples/buckets/awssol-bucket/ DESTINATION ${DATA}/sqlscripts)
install(FILES packaging/copyright CHANGELOG.md README.md DESTINATION ${DOC})
install(DIRECTORY docs/ DESTINATION ${DOC} PATTERN decisions EXCLUDE PATTERN architecture.md EXCLUDE)
install(DIRECTORY examples DESTINATION ${DOC})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME dbrefresh)
set(CPACK_PACKAGE_CONTACT "the authors of dbrefresh <dbrefresh@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "makes development databases out of production ones
Restored while production works on, masked with SQL scripts, given a new
password and secret, and only then put under their usual name: MariaDB and
PostgreSQL servers of this host, or Amazon RDS and Aurora.")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Accounts of servers are made and removed with its tools.
set(CPACK_DEBIAN_PACKAGE_DEPENDS passwd)
# What servers of this host run on, which refreshes on RDS do without; installing it starts nothing, unlike postgresql-15.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "mariadb-server-core, mariadb-backup, mariadb-client, mount, xfsprogs, ca-certificates")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postgresql-15")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${PROJECT_SOURCE_DIR}/packaging/debian/postinst ${PROJECT_SOURCE_DIR}/packaging/debian/prerm
  ${PROJECT_SOURCE_DIR}/packaging/debian/postrm)
include(CPack)
