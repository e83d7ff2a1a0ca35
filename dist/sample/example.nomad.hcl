# The job dist/try runs; @PORT@ and @SHA256@ are filled in where the file lands, build/try/.
job "example" {
  datacenters = ["dc1"]
  type        = "service"

  group "hello" {
    count = 1

    restart {
      attempts = 2
      interval = "30s"
      delay    = "1s"
      mode     = "fail"
    }

    task "hello" {
      driver = "raw_exec"

      artifact {
        source      = "http://127.0.0.1:@PORT@/hello"
        destination = "local"

        options {
          checksum = "sha256:@SHA256@"
        }
      }

      config {
        command = "local/hello"
      }

      env {
        GREETING = "hello, world"
      }

      resources {
        cpu    = 50
        memory = 32
      }
    }
  }
}
