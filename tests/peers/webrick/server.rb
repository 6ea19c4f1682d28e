# SPDX-License-Identifier: MIT
require "webrick"

server = WEBrick::HTTPServer.new(BindAddress: "127.0.0.1", Port: 8080, AccessLog: [])
server.mount_proc("/") { |_request, response| response.body = "ok\n" }
trap("TERM") { server.shutdown }
server.start
