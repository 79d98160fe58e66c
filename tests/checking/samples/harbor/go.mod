module github.com/example/harbor

go 1.23
