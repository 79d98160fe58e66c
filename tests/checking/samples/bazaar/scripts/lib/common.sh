confirm() {
  [[ "${ASSUME_YES:-0}" == 1 ]] && return 0
  read -r -p "$1 [y/N] " answer
  [[ "$answer" == y ]]
}
