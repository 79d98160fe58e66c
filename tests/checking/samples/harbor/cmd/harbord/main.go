package main

import "github.com/example/harbor/cmd/harbord/cmd"

func main() { cmd.Execute() }
