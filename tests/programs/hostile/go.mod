module hostile.example/hostile

go 1.22
