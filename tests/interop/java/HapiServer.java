import ca.uhn.fhir.batch2.jobs.config.Batch2JobsConfig;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.interceptor.api.Hook;
import ca.uhn.fhir.interceptor.api.Interceptor;
import ca.uhn.fhir.interceptor.api.Pointcut;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings.ClientIdStrategyEnum;
import ca.uhn.fhir.jpa.api.config.ThreadPoolFactoryConfig;
import ca.uhn.fhir.jpa.api.dao.DaoRegistry;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.batch2.JpaBatch2Config;
import ca.uhn.fhir.jpa.config.r4.JpaR4Config;
import ca.uhn.fhir.jpa.config.util.HapiEntityManagerFactoryUtil;
import ca.uhn.fhir.jpa.dao.FulltextSearchSvcImpl;
import ca.uhn.fhir.jpa.dao.IFulltextSearchSvc;
import ca.uhn.fhir.jpa.dao.search.HSearchSortHelperImpl;
import ca.uhn.fhir.jpa.dao.search.IHSearchSortHelper;
import ca.uhn.fhir.jpa.model.config.PartitionSettings;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirH2Dialect;
import ca.uhn.fhir.jpa.provider.DaoRegistryResourceSupportedSvc;
import ca.uhn.fhir.jpa.provider.IJpaSystemProvider;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.jpa.search.IStaleSearchDeletingSvc;
import ca.uhn.fhir.jpa.search.StaleSearchDeletingSvcImpl;
import ca.uhn.fhir.jpa.subscription.channel.config.SubscriptionChannelConfig;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.api.IResourceSupportedSvc;
import ca.uhn.fhir.rest.server.IncomingRequestAddressStrategy;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import jakarta.persistence.EntityManagerFactory;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.net.InetSocketAddress;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.apache.commons.dbcp2.BasicDataSource;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.hl7.fhir.instance.model.api.IBaseConformance;
import org.hl7.fhir.r4.model.CapabilityStatement;
import org.hl7.fhir.r4.model.CapabilityStatement.CapabilityStatementRestResourceComponent;
import org.hl7.fhir.r4.model.Enumerations.SearchParamType;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.context.annotation.Scope;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;

/**
 * HAPI FHIR's JPA server, R4, over a database in memory: {@code java HapiServer PORT NAME,NAME,...}
 *
 * <p>The names are the chained parameters of HealthcareService that two of its bases tell of in their /metadata, as the
 * ROR does and HAPI does not: <ul>
 * <li>{@code /plain} is HAPI as it comes, 200 matches a page as on the ROR;
 * <li>{@code /chained} tells of the chained parameters;
 * <li>{@code /small} does so too and has three matches a page. </ul>
 *
 * <p>{@code POST /forget?pages=N} has it forget, before each of the N next pages that are asked for, every search that
 * it keeps: what time does to them, when a test says.
 */
public final class HapiServer {

    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[0]);
        List<String> chained = List.of(arguments[1].split(","));
        ApplicationContext spring = new AnnotationConfigApplicationContext(Parts.class);
        DataSource database = spring.getBean(DataSource.class);
        advise(database);
        Forgetful forgetful = new Forgetful(database);

        ServletContextHandler context = new ServletContextHandler();
        context.addServlet(new ServletHolder(base(spring, 200, List.of(), forgetful)), "/plain/*");
        context.addServlet(new ServletHolder(base(spring, 200, chained, forgetful)), "/chained/*");
        context.addServlet(new ServletHolder(base(spring, 3, chained, forgetful)), "/small/*");
        context.addServlet(new ServletHolder(forgetful), "/forget");
        Server jetty = new Server(new InetSocketAddress("127.0.0.1", port));
        jetty.setHandler(context);
        jetty.start();
        jetty.join();
    }

    /**
     * Tells H2 how little the hash of a parameter's value tells: left alone, it takes it for nearly unique, and joins
     * each of several chained parameters to the hits of the others before it looks to which offer they belong.
     */
    private static void advise(DataSource database) throws SQLException {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            for (String column : List.of(
                    "HFJ_SPIDX_TOKEN.HASH_SYS_AND_VALUE",
                    "HFJ_SPIDX_TOKEN.HASH_VALUE",
                    "HFJ_SPIDX_TOKEN.HASH_SYS",
                    "HFJ_SPIDX_STRING.HASH_NORM_PREFIX",
                    "HFJ_SPIDX_STRING.HASH_IDENTITY",
                    "HFJ_SPIDX_NUMBER.HASH_IDENTITY",
                    "HFJ_SPIDX_DATE.HASH_IDENTITY",
                    "HFJ_SPIDX_COORDS.HASH_IDENTITY")) {
                String[] parts = column.split("\\.");
                statement.execute("alter table " + parts[0] + " alter column " + parts[1] + " selectivity 1");
                statement.execute("alter table " + parts[0] + " alter column RES_ID selectivity 100");
            }
        }
    }

    private static RestfulServer base(ApplicationContext spring, int pageSize, List<String> chained, Object forgetful) {
        IFhirSystemDao<?, ?> dao = spring.getBean(IFhirSystemDao.class);
        RestfulServer server = new RestfulServer(dao.getContext());
        server.registerProviders(spring.getBean(ResourceProviderFactory.class).createProviders());
        server.registerProvider(spring.getBean(IJpaSystemProvider.class));
        JpaCapabilityStatementProvider statement = new JpaCapabilityStatementProvider(
                server,
                dao,
                spring.getBean(JpaStorageSettings.class),
                spring.getBean(ISearchParamRegistry.class),
                spring.getBean(IValidationSupport.class));
        statement.setIncludeResourceCounts(false);
        server.setServerConformanceProvider(statement);
        server.setServerAddressStrategy(new IncomingRequestAddressStrategy());
        server.setDefaultResponseEncoding(EncodingEnum.JSON);
        DatabaseBackedPagingProvider pages = spring.getBean(DatabaseBackedPagingProvider.class);
        pages.setDefaultPageSize(pageSize);
        pages.setMaximumPageSize(pageSize);
        server.setPagingProvider(pages);
        server.registerInterceptor(forgetful);
        server.registerInterceptor(new Chained(chained));
        return server;
    }

    /** Tells of chained parameters in the CapabilityStatement, and no longer of _filter, which HAPI reads otherwise. */
    @Interceptor
    public static final class Chained {

        private final List<String> names;

        Chained(List<String> names) {
            this.names = names;
        }

        @Hook(Pointcut.SERVER_CAPABILITY_STATEMENT_GENERATED)
        public void add(IBaseConformance statement) {
            ((CapabilityStatement) statement)
                    .getRestFirstRep().getResource().stream()
                            .filter(one -> one.getType().equals("HealthcareService"))
                            .forEach(this::change);
        }

        private void change(CapabilityStatementRestResourceComponent service) {
            names.forEach(name -> service.addSearchParam().setName(name).setType(SearchParamType.SPECIAL));
            service.getSearchParam().removeIf(one -> !names.isEmpty() && one.getName().equals("_filter"));
        }
    }

    /** Forgets the kept searches before a page of one is given, so many times as it was told. */
    @Interceptor
    public static final class Forgetful extends HttpServlet {

        private final transient DataSource database;
        private final AtomicInteger pages = new AtomicInteger();

        Forgetful(DataSource database) {
            this.database = database;
        }

        @Override
        protected void doPost(HttpServletRequest request, HttpServletResponse response) {
            pages.set(Integer.parseInt(request.getParameter("pages")));
        }

        @Hook(Pointcut.SERVER_INCOMING_REQUEST_PRE_PROCESSED)
        public void before(HttpServletRequest request) throws SQLException {
            if (request.getParameter("_getpages") == null || pages.getAndUpdate(left -> Math.max(left - 1, 0)) == 0) {
                return;
            }
            try (Connection connection = database.getConnection();
                    Statement statement = connection.createStatement()) {
                for (String table : List.of("HFJ_SEARCH_RESULT", "HFJ_SEARCH_INCLUDE", "HFJ_SEARCH")) {
                    statement.executeUpdate("delete from " + table);
                }
            }
        }
    }

    /** What HAPI's own configuration leaves to whoever puts a server together. */
    @Configuration
    @Import({
        JpaR4Config.class,
        JpaBatch2Config.class,
        Batch2JobsConfig.class,
        SubscriptionChannelConfig.class,
        ThreadPoolFactoryConfig.class
    })
    public static class Parts {

        @Bean
        public JpaStorageSettings storageSettings() {
            JpaStorageSettings settings = new JpaStorageSettings();
            settings.setResourceClientIdStrategy(ClientIdStrategyEnum.ANY); // the ids of the ROR are numbers
            settings.setFilterParameterEnabled(true);
            settings.setAllowContainsSearches(true);
            settings.setIndexIdentifierOfType(true);
            settings.setReuseCachedSearchResultsForMillis(null); // each test sees what it asked for itself
            return settings;
        }

        @Bean
        public PartitionSettings partitionSettings() {
            return new PartitionSettings();
        }

        @Bean
        public DataSource dataSource() {
            BasicDataSource source = new BasicDataSource();
            source.setUrl("jdbc:h2:mem:hapi;DB_CLOSE_DELAY=-1;ANALYZE_AUTO=0");
            source.setMaxTotal(32);
            return source;
        }

        @Bean
        @Primary
        public LocalContainerEntityManagerFactoryBean entityManagerFactory(
                DataSource source,
                ConfigurableListableBeanFactory beans,
                FhirContext fhir,
                JpaStorageSettings settings) {
            LocalContainerEntityManagerFactoryBean factory =
                    HapiEntityManagerFactoryUtil.newEntityManagerFactory(beans, fhir, settings);
            factory.setPersistenceUnitName("HAPI_PU");
            factory.setDataSource(source);
            Properties hibernate = new Properties();
            hibernate.putAll(Map.of(
                    "hibernate.dialect", HapiFhirH2Dialect.class.getName(),
                    "hibernate.hbm2ddl.auto", "update",
                    "hibernate.search.enabled", "false"));
            factory.setJpaProperties(hibernate);
            return factory;
        }

        @Bean
        @Primary
        public JpaTransactionManager transactionManager(EntityManagerFactory factory) {
            return new JpaTransactionManager(factory);
        }

        @Bean
        public IFulltextSearchSvc fullTextSearchSvc() {
            return new FulltextSearchSvcImpl();
        }

        @Bean
        public IStaleSearchDeletingSvc staleSearchDeletingSvc() {
            return new StaleSearchDeletingSvcImpl();
        }

        @Bean
        @Scope("prototype") // each base has pages of its own size
        public DatabaseBackedPagingProvider pagingProvider() {
            return new DatabaseBackedPagingProvider();
        }

        @Bean
        public IHSearchSortHelper sortHelper(ISearchParamRegistry parameters) {
            return new HSearchSortHelperImpl(parameters);
        }

        @Bean
        public IResourceSupportedSvc resourceSupportedSvc(DaoRegistry daos) {
            return new DaoRegistryResourceSupportedSvc(daos);
        }
    }
}
