// SPDX-License-Identifier: MIT
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

public class Web {
  private static volatile boolean draining = false;

  public static void main(String[] arguments) throws IOException {
    final int port = Integer.parseInt(arguments[0]);
    final HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 1024);
    final ExecutorService workers = Executors.newCachedThreadPool();
    server.setExecutor(workers);
    server.createContext("/", Web::answer);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      draining = true;
      server.stop(1);
    }));
    server.start();
  }

  private static void answer(HttpExchange exchange) throws IOException {
    final byte[] body = (System.getenv("ROLL_RELEASE") + "\n").getBytes();
    if (draining) {
      exchange.getResponseHeaders().set("Connection", "close");
    }
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }
}
