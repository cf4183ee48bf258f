module farebench/client

go 1.19

require golang.org/x/net v0.35.0
