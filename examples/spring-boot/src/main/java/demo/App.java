package demo;

import java.security.cert.X509Certificate;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RestController;

/** Tells callers who they are. With `client-auth: need` whoever comes this far has shown a certificate of a trusted root. */
@SpringBootApplication
@RestController
public class App {
  public static void main(String[] args) {
    SpringApplication.run(App.class, args);
  }

  @GetMapping("/whoami")
  String whoami(@RequestAttribute("jakarta.servlet.request.X509Certificate") X509Certificate[] chain) {
    return chain[0].getSubjectX500Principal().getName() + "\n";
  }
}
