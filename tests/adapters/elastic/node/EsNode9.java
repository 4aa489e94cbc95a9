import java.nio.file.Path;
import java.util.Map;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/**
 * Starts one Elasticsearch 9.x node on the loopback address and ends when standard input is closed,
 * so that no node outlives the test run that started it, however that run ends.
 * Arguments: home folder (with modules/, plugins/, config/), data folder, HTTP port, transport port.
 */
public class EsNode9 {
    public static void main(String[] args) throws Exception {
        Path home = Path.of(args[0]).toAbsolutePath();
        LogConfigurator.configureESLogging();
        Settings settings = Settings.builder()
            .put("path.home", home.toString())
            .put("path.data", Path.of(args[1]).toAbsolutePath().toString())
            .put("http.port", args[2])
            .put("transport.port", args[3])
            .put("network.host", "127.0.0.1")
            .put("cluster.name", "triage-tests")
            .put("node.name", "node-9")
            .put("discovery.type", "single-node")
            .put("cluster.routing.allocation.disk.threshold_enabled", false)
            .put("node.store.allow_mmap", false)
            .build();
        PluginsLoader loader = PluginsLoader.createPluginsLoader(
            PluginsLoader.loadModulesBundles(home.resolve("modules"), true),
            PluginsLoader.loadPluginsBundles(home.resolve("plugins"), false),
            Map.of(),
            false
        );
        new Node(new Environment(settings, home.resolve("config")), loader).start();
        System.out.println("STARTED");
        while (System.in.read() >= 0) {
        }
        Runtime.getRuntime().halt(0);
    }
}
